"""The statements that every clip runs through, built once.

SQLAlchemy compiles a statement the first time that it meets it and knows it again by its parts. Of a row's eighty
columns, written as values, the parts alone cost more than the commit; as parameters they cost nothing (measured: a step
of a job 0.7 ms instead of 2.5).
"""

from __future__ import annotations

import sqlalchemy as sa

from .schema import CHARGE
from .schema import generations as _g

INSERT = _g.insert().inline()
"""Takes a whole row."""

ROW = sa.select(_g).where(_g.c.id == sa.bindparam("by_id"))

STEP = _g.update().where(
    _g.c.id == sa.bindparam("by_id"),
    sa.or_(
        _g.c.lease_owner == sa.bindparam("by_owner"),
        sa.and_(
            sa.bindparam("by_force", type_=sa.Integer) == 1,
            _g.c.taken_request.is_distinct_from(sa.bindparam("by_request", type_=sa.Text)),
        ),
    ),
)
"""Takes the columns to write; only the lease's owner may, or whoever forces it, unless the job is another row's.

A row names the request that was taken from it, whatever was learned since: what is told of that one is no news of it.
"""

TWINS = (
    sa.select(_g)
    .where(_g.c.service == sa.bindparam("service"), _g.c.identity == sa.bindparam("identity"))
    .order_by(_g.c.id)
)
"""Everything that was ever tried for the same clip, oldest first."""

JUDGED = (
    sa.select(_g)
    .where(
        _g.c.service == sa.bindparam("service"),
        _g.c.family == sa.bindparam("family"),
        sa.or_(sa.and_(_g.c.status == "completed", _g.c.reused_from.is_(None)), _g.c.error_kind == "ModerationRefused"),
    )
    .order_by(_g.c.id.desc())
    .limit(1)
)
"""The newest row of a request, in any of its takes, that was drawn or that moderation refused."""

_priced = sa.func.coalesce(_g.c.generate_audio_switch, sa.literal_column("1"))  # as the index has it
_charge: sa.ColumnElement[int] = sa.literal_column(CHARGE, sa.BigInteger)
CHARGES = (
    sa.select(_g.c.duration, _charge, _g.c.completed_at)
    .where(
        _g.c.service == sa.bindparam("service"),
        _g.c.quality == sa.bindparam("quality"),
        _priced == sa.bindparam("audio", type_=sa.Integer),
        _charge > sa.literal_column("0"),
        _g.c.status == "completed",
        _g.c.estimate_micros.is_not(None),  # of a job that was adopted without its body nobody knows what it cost for
        _g.c.extra.is_(sa.bindparam("extra", type_=sa.Text)),
        sa.or_(_g.c.image_sha256.is_not(None), _g.c.image_url.is_not(None)) == sa.bindparam("image", type_=sa.Boolean),
    )
    .order_by(_g.c.id.desc())
    .limit(500)
)
"""What the newest clips of a kind were charged: same quality and sound, same extra names, from a picture or not."""

_took = sa.func.coalesce(_g.c.latency_s - _g.c.download_s, _g.c.queue_s + _g.c.inference_s)
_newest = (
    sa.select(_g.c.id, _g.c.status, _g.c.reused_from, _g.c.quality, _g.c.duration, _took.label("took"))
    .where(_g.c.service == sa.bindparam("service"))
    .order_by(_g.c.created_at.desc())
    .limit(500)  # of a history of 100,000 the whole would take 100 ms, twice for each clip
    .subquery()
)
_duration = sa.bindparam("duration", type_=sa.Integer)
RECENT = (
    sa.select(_newest.c.took)
    .where(
        _newest.c.status == "completed",
        _newest.c.reused_from.is_(None),
        _newest.c.took.is_not(None),
        _newest.c.quality == sa.bindparam("quality"),
        # A clip three times as long says nothing about this one.
        2 * _newest.c.duration >= _duration,
        _newest.c.duration <= 2 * _duration,
    )
    .order_by(sa.func.abs(_newest.c.duration - _duration), _newest.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
"""Seconds that recent jobs of the same quality and about the same duration took, the nearest ones first."""
