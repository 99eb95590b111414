-- shown is what anybody may see of an issue, as issue.Public gives it, kept by every
-- save: lists, search and the map read this and nothing else. A row that is not pub holds
-- nothing but where staff look for twins (cell, live).
create table shown (
  id       bigint  primary key,
  stamp    bigint  not null, -- grows with every write, so that the map in memory follows
  pub      boolean not null,
  no       text    not null,
  category text    not null,
  grade    text    not null,
  title    text    not null,
  place    bigint  not null,
  lat      double precision not null,
  lon      double precision not null,
  state    text    not null,
  outcome  text    not null,
  answer   text    not null,
  promise  bigint  not null,
  paused   boolean not null,
  late     boolean not null,
  me_too   bigint  not null,
  reopens  bigint  not null,
  photo    text    not null,
  at       bigint  not null,
  moved    bigint  not null,
  closed   bigint  not null,
  up       text    not null, -- path of the place shown
  -- not for the public
  kind     text    not null, -- the category, also of what is not public
  path     text    not null, -- where it lies
  desk     text    not null, -- path of the desk that has it
  texts    bigint  not null, -- how many texts the desk's index holds
  spoken   bigint  not null, -- how many of them are released
  waits    bigint  not null, -- texts and photos nobody has looked at
  cell     bigint  not null, -- square of about 200 m it lies in, 0 unknown
  live     bigint  not null  -- when it ended, or the end of time
);
create index shown_stamp on shown (stamp, id);
create index shown_near on shown (cell, live, kind);

-- wording is what staff decided to show of a text or a photo: as it is, or, of a text, a
-- copy with parts taken out. Kept back is a decision too: it leaves the list of what waits.
create table wording (
  ref   bigint  primary key, -- the entry or the photo
  issue bigint  not null,
  body  text    not null, -- "" as typed
  kept  boolean not null, -- kept back
  by_id bigint  not null,
  at    bigint  not null
);
create index wording_issue on wording (issue, ref);

create search index issue_desk;

-- All that is open, in the order of its limits, with what the desk's columns ask for: a
-- desk's list costs what is open, not what there ever was.
create index issue_due on issue (due_settle, id, desk_path, state, why, bounced, reworks, late, wish, handler) where state in ('reported', 'accepted', 'dispatched', 'in_hand', 'paused', 'handled');
create index issue_await on issue (closed, id, desk_path) where answer = 'awaiting';
create index issue_elder on issue (elder, id) where elder <> 0;
create index shown_waits on shown (id, path, desk) where waits > 0;
