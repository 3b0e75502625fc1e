"""Any assessment that a reader could make, for hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from mammo_core.reporting import Assessment, Breast, Finding, Signature
from mammo_core.reporting.birads import CATEGORIES, CLOCK, DENSITIES, DEPTHS, FINDINGS, QUADRANTS, RECOMMENDATIONS

zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-3))])
times = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=zones)
words = st.text(max_size=60)
names = st.text(min_size=1, max_size=30).filter(lambda name: bool(name.strip()))

findings = st.builds(
    Finding,
    type=st.sampled_from(["", *FINDINGS]),
    quadrant=st.sampled_from(["", *QUADRANTS]),
    clock=st.none() | st.sampled_from(CLOCK),
    depth=st.sampled_from(["", *DEPTHS]),
    size=st.none() | st.floats(0.1, 300),
    description=words,
)
breasts = st.builds(Breast, st.lists(findings, max_size=3).map(tuple), category=st.sampled_from(["", *CATEGORIES]))
amendments = st.lists(st.builds(Signature, names, times, names), max_size=2)
signatures = st.just(()) | st.builds(
    lambda first, later: (first, *later), st.builds(Signature, names, times), amendments
)


@st.composite
def assessments(draw: st.DrawFn) -> Assessment:
    signed = draw(signatures)
    return Assessment(
        composition=draw(st.sampled_from(["", *DENSITIES])),
        right=draw(breasts),
        left=draw(breasts),
        recommended=tuple(draw(st.lists(st.sampled_from(RECOMMENDATIONS), unique=True))),
        recommendation=draw(words),
        comment=draw(words),
        reader=draw(words),
        signatures=signed,
        reopened=draw(words) if signed else "",
    )
