"""A page of paper: places text, rules and films on it by millimetres, and says what it had to change to print them.

Text is set in fonts that are embedded, letters run the way their script runs. What is too long for its place is set
smaller, then shortened, and the sheet notes it; nothing ever flows onto another page.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from mammo_core.reporting.films import Box, Film
from mammo_core.reporting.lettering import FOLDER, FONTS, Font, fonts_for, printable

PAPERS = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
"""Width and height in mm."""

MARGIN = 14.0
POINT = 25.4 / 72
LEADING = 1.32
SMALLEST = 0.7
"""A line too long for its place is set down to this part of its size before it is shortened."""

AMBER, BLACK, QUIET, PALE = (224, 168, 60), 0, 90, 190
SHORTENED = "Shortened to fit; the whole is in the report's JSON."


class Sheet:
    """One PDF in the making. `x`, `y`, widths and heights are in mm from the upper left corner, sizes in points."""

    def __init__(self, paper: str, now: datetime, title: str, producer: str) -> None:
        if paper not in PAPERS:
            raise ValueError(f"There is no paper {paper!r}; there are {', '.join(PAPERS)}.")
        self.paper_width, self.paper_height = PAPERS[paper]
        self.left, self.right = MARGIN, self.paper_width - MARGIN
        self.width = self.right - self.left
        self.absent: dict[str, None] = {}
        self.shortened = False
        self._heights: dict[tuple[str, float, float, bool], float] = {}
        self._pdf = FPDF(format=PAPERS[paper])
        self._pdf.set_auto_page_break(False)
        self._pdf.alias_nb_pages(None)  # type: ignore[arg-type]  # words of the reader's that look like it stay hers
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.set_creation_date(now)
        self._pdf.set_title(title)
        self._pdf.set_producer(producer)
        self._pdf.set_lang("en")
        self._families = [FONTS[0]]
        self._add(FONTS[0])
        self._pdf.set_text_shaping(True)

    def page(self) -> None:
        """Begin a page; what the one before had to change is its own."""
        self._pdf.add_page()
        self.absent, self.shortened = {}, False

    def line(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        width: float,
        bold: bool = False,
        grey: int = BLACK,
        align: str = "L",
    ) -> float:
        """One line whose top is at `y`, within `width`; gives the width it took."""
        text = self._set(text.replace("\n", " "), size, bold, grey)
        if self._pdf.get_string_width(text) > width:
            size *= max(SMALLEST, 0.99 * width / self._pdf.get_string_width(text))
            self._pdf.set_font_size(size)
        if self._pdf.get_string_width(text) > width:
            text = self._cut(text, width)
        taken = self._pdf.get_string_width(text)
        self._pdf.set_xy(x, y)
        self._pdf.cell(width, size * POINT * LEADING, text, align=align)
        return taken

    def name(self, x: float, y: float, text: str, size: float, width: float, bold: bool = False) -> None:
        """A name in one line, or in two small ones before it is shortened."""
        text = self._set(text.replace("\n", " "), size, bold, BLACK)
        small = size * SMALLEST
        if self._pdf.get_string_width(text) * SMALLEST <= width:
            self.line(x, y, text, size, width, bold)
            return
        self._pdf.set_font_size(small)
        first = self._most(text, width, "")
        parted = max(text.rfind(" ", 0, first + 1), text.rfind("-", 0, first) + 1)
        first = parted if parted > first / 2 else first
        self.line(x, y - 0.3, text[:first], small, width, bold)
        self.line(x, y + 2.9, text[first:].strip(), small, width, bold)

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        width: float,
        bold: bool = False,
        grey: int = BLACK,
        draw: bool = True,
    ) -> float:
        """Text in lines of `width`; gives the `y` under it. With `draw` false it is only measured."""
        text = text.strip()
        if not text:
            return y
        asked = (text, size, width, bold)
        if draw or asked not in self._heights:
            ready = self._set(text, size, bold, grey)
            self._pdf.set_xy(x, y)
            answer = self._pdf.multi_cell(
                width,
                size * POINT * LEADING,
                ready,
                align="L",
                dry_run=not draw,
                output=MethodReturnValue.HEIGHT,
            )
            assert isinstance(answer, float | int)
            self._heights[asked] = float(answer)
        return y + self._heights[asked]

    def rule(self, y: float, grey: int = BLACK, thick: float = 0.2) -> None:
        """A line across the page."""
        self.stroke(self.left, y, self.right, y, grey, thick)

    def stroke(self, x0: float, y0: float, x1: float, y1: float, grey: int = BLACK, thick: float = 0.2) -> None:
        """A line from point to point."""
        self._pdf.set_draw_color(grey)
        self._pdf.set_line_width(thick)
        self._pdf.line(x0, y0, x1, y1)

    def box(
        self, x: float, y: float, width: float, height: float, fill: int | None = None, edge: int | None = BLACK
    ) -> None:
        """A rectangle with grey values of its inside and its edge; None leaves one out."""
        self._pdf.set_line_width(0.25)
        if fill is not None:
            self._pdf.set_fill_color(fill)
        if edge is not None:
            self._pdf.set_draw_color(edge)
        self._pdf.rect(x, y, width, height, style=("D" if edge is not None else "") + ("F" if fill is not None else ""))

    def film(self, film: Film, box: Box) -> None:
        """A pane in (x, y, width, height), with its foci outlined and numbered."""
        x, y, width, height = box
        self._pdf.image(BytesIO(film.jpeg), x, y, width, height)
        with self._pdf.local_context():
            for number, (left, top, right, bottom) in film.foci:
                outline = (x + left * width, y + top * height, (right - left) * width, (bottom - top) * height)
                for colour, thick in (((BLACK,) * 3, 0.9), (AMBER, 0.35)):  # it shows on bright tissue as on dark
                    self._pdf.set_draw_color(*colour)
                    self._pdf.set_line_width(thick)
                    self._pdf.ellipse(*outline)
                self._number(number, x + right * width, y + top * height - 1.5, x, y, width)

    def finish(self, name: str) -> bytes:
        """The PDF's bytes; `name` is the program that made it."""
        self._pdf.set_creator(name)
        return bytes(self._pdf.output())

    def _number(self, number: int, at: float, top: float, x: float, y: float, width: float) -> None:
        """A focus's number beside its outline, on black, kept inside the pane."""
        self._set(str(number), 7, True, BLACK)
        self._pdf.set_text_color(*AMBER)
        self._pdf.set_fill_color(BLACK)
        self._pdf.set_xy(min(max(at, x), x + width - 2.8), max(top, y))
        self._pdf.cell(2.8, 2.8, str(number), align="C", fill=True)

    def _set(self, text: str, size: float, bold: bool, grey: int) -> str:
        """Make ready to print: the font, and the text in letters that there are."""
        text, absent = printable(text)
        self.absent.update(dict.fromkeys(absent))
        new = [font for font in fonts_for(text) if font not in self._families]
        for font in new:
            self._add(font)
        if new:
            self._families += new
            # In the order of FONTS, whatever was needed first.
            fallbacks = [font.family for font in FONTS[1:] if font in self._families]
            self._pdf.set_fallback_fonts(fallbacks, exact_match=False)
        self._pdf.set_font(FONTS[0].family, "B" if bold else "", size)
        self._pdf.set_text_color(grey)
        return text

    def _add(self, font: Font) -> None:
        self._pdf.add_font(font.family, "", FOLDER / font.regular)
        if font.bold:
            self._pdf.add_font(font.family, "B", FOLDER / font.bold)

    def _cut(self, text: str, width: float) -> str:
        """The most of the text that fits, with a mark that it is not all."""
        self.shortened = True
        return text[: self._most(text, width, "…")] + "…"

    def _most(self, text: str, width: float, mark: str) -> int:
        """How many letters fit, the mark behind them."""
        fits, beyond = 0, len(text)
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            if self._pdf.get_string_width(text[:middle] + mark) <= width:
                fits = middle
            else:
                beyond = middle
        return fits
