create table category (
  code    text    primary key,
  parent  text    not null,
  rank    bigint  not null,
  icon    text    not null,
  sort    text    not null,
  grade   text    not null,
  public  boolean not null,
  open    boolean not null,
  first   text    not null,
  gb      text    not null,
  names   jsonb   not null,
  promise jsonb   not null,
  asks    jsonb   not null,
  words   jsonb   not null,
  retired bigint  not null,
  rev     bigint  not null
);
create table limits (
  category text   not null,
  grade    text   not null,
  what     text   not null,
  n        bigint not null,
  unit     text   not null,
  primary key (category, grade, what)
);
create table text (
  id       bigint primary key,
  category text   not null,
  act      text   not null,
  place    bigint not null,
  rank     bigint not null,
  words    jsonb  not null
);
create index text_act on text (act, rank, id);

create table issue (
  id         bigint  primary key,
  no         text    not null,
  tree       bigint  not null,
  category   text    not null,
  sort       text    not null,
  grade      text    not null,
  channel    text    not null,
  place      bigint  not null,
  path       text    not null,
  lat        double precision not null,
  lon        double precision not null,
  open       boolean not null,
  spot       text    not null,
  located    text    not null,
  desk       bigint  not null,
  desk_path  text    not null,
  state      text    not null,
  was        text    not null,
  why        text    not null,
  outcome    text    not null,
  answer     text    not null,
  rating     bigint  not null,
  receipt    text    not null,
  owner      bigint  not null,
  elder      bigint  not null,
  taker      bigint  not null,
  task       bigint  not null,
  handler    bigint  not null,
  checker    bigint  not null,
  into_id    bigint  not null,
  title      text    not null,
  named      boolean not null,
  hidden     boolean not null,
  spam       boolean not null,
  photo      text    not null,
  call_back  boolean not null,
  called     bigint  not null,
  me_too     bigint  not null,
  hops       bigint  not null,
  returned   bigint  not null,
  bounced    bigint  not null,
  reworks    bigint  not null,
  reopens    bigint  not null,
  wish       text    not null,
  wish_until bigint  not null,
  wish_by    bigint  not null,
  due_accept   bigint not null,
  due_dispatch bigint not null,
  due_first    bigint not null,
  due_settle   bigint not null,
  promise    bigint  not null,
  paused     bigint  not null,
  until_at   bigint  not null,
  late       boolean not null,
  missed     text    not null,
  at         bigint  not null,
  moved      bigint  not null,
  closed     bigint  not null,
  source     text    not null,
  form       text    not null,
  rev        bigint  not null
);
create unique index issue_no on issue (no, tree);
create unique index issue_form on issue (form) where form <> '';
create unique index issue_source on issue (tree, source) where source <> '';
create index issue_into on issue (into_id) where into_id <> 0;
create index issue_owner on issue (owner, id) where owner <> 0;

create table entry (
  id         bigint  primary key,
  issue      bigint  not null,
  at         bigint  not null,
  who        bigint  not null,
  act        text    not null,
  from_state text    not null,
  to_state   text    not null,
  body       text    not null,
  reason     text    not null,
  target     text    not null,
  target_id  bigint  not null,
  until_at   bigint  not null,
  replies    jsonb   not null,
  internal   boolean not null,
  released   boolean not null,
  corrects   bigint  not null
);
create index entry_issue on entry (issue, id);

create table photo (
  id       bigint  primary key,
  issue    bigint  not null,
  entry    bigint  not null,
  name     text    not null,
  shown    text    not null,
  w        bigint  not null,
  h        bigint  not null,
  released boolean not null
);
create index photo_issue on photo (issue, id);
create index photo_name on photo (name);
create index photo_shown on photo (shown) where shown <> '';

create table task (
  id            bigint  primary key,
  issue         bigint  not null,
  kind          text    not null,
  target        bigint  not null,
  state         text    not null,
  decided       boolean not null,
  by_id         bigint  not null,
  at            bigint  not null,
  due           bigint  not null,
  taken         bigint  not null,
  taker         bigint  not null,
  ended         bigint  not null,
  reason        text    not null,
  proposed_kind text    not null,
  proposed      bigint  not null
);
create index task_issue on task (issue, id);
create index task_target on task (kind, target, state, id);

create table clock (
  id           bigint primary key,
  issue        bigint not null,
  start        bigint not null,
  stop         bigint not null,
  began        text   not null,
  ended        text   not null,
  due_accept   bigint not null,
  due_dispatch bigint not null,
  due_first    bigint not null,
  due_settle   bigint not null
);
create index clock_issue on clock (issue, id);

create table follow (
  id     bigint  primary key,
  issue  bigint  not null,
  person bigint  not null,
  role   text    not null,
  at     bigint  not null,
  ended  bigint  not null
);
create unique index follow_once on follow (issue, person);
create index follow_person on follow (person, id);

create table link (
  id     bigint primary key,
  issue  bigint not null,
  kind   text   not null,
  hash   text   not null,
  person bigint not null,
  by_id  bigint not null,
  at     bigint not null,
  until  bigint not null,
  ended  bigint not null
);
create unique index link_hash on link (hash);
create index link_issue on link (issue, id) where kind <> 'reporter';

create table view (
  id     bigint primary key,
  person bigint not null,
  name   text   not null,
  query  text   not null,
  rank   bigint not null,
  at     bigint not null
);
create index view_person on view (person, rank, id);

create table merge (
  id     bigint primary key,
  issue  bigint not null,
  into_id bigint not null,
  me_too bigint not null,
  by_id  bigint not null,
  at     bigint not null,
  undone bigint not null
);
create index merge_issue on merge (issue, id);

create table me_too (
  id    bigint primary key,
  issue bigint not null,
  voice text   not null,
  at    bigint not null
);
create unique index me_too_once on me_too (issue, voice);

create table answer (
  id     bigint primary key,
  issue  bigint not null,
  round  bigint not null,
  kind   text   not null,
  voice  text   not null,
  by_id  bigint not null,
  entry  bigint not null,
  reason text   not null,
  rating bigint not null,
  at     bigint not null
);
create unique index answer_once on answer (issue, round, kind, voice);

create search index issue_find;
