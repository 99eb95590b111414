create table person (
  id       bigint primary key,
  name     text   not null,
  fold     text   not null, -- name as it is compared
  phone    text   not null, -- E.164
  email    text   not null, -- lower case
  phone_ok bigint not null default 0, -- since when it is known to be theirs; 0 not known
  email_ok bigint not null default 0,
  lang     text   not null,
  place    bigint not null,
  at       bigint not null,
  merged   bigint not null default 0,
  erased   bigint not null default 0,
  rev      bigint not null default 1
);
create index person_phone on person (phone) where phone <> '';
create index person_email on person (email) where email <> '';
create index person_fold on person (fold) where fold <> '';
create index person_merged on person (merged) where merged <> 0;
-- one telephone opens one account
create unique index person_phone_ok on person (phone) where phone_ok <> 0;
create unique index person_email_ok on person (email) where email_ok <> 0;

create table pillar (
  code text   primary key,
  name text   not null,
  hant text   not null,
  en   text   not null,
  sort bigint not null,
  ends bigint not null default 0,
  rev  bigint not null default 1
);
-- What the four of 四位一体 are is nowhere defined; this is our reading, to be edited.
insert into pillar (code, name, hant, en, sort) values
  ('party', '党组织', '黨組織', 'Party organisation', 1),
  ('self_governance', '自治组织', '自治組織', 'Self-governance body', 2),
  ('social_org', '社会组织', '社會組織', 'Social organisation', 3),
  ('residents', '志愿者和居民', '志願者和居民', 'Volunteers and residents', 4);

create table org (
  id     bigint primary key,
  kind   text   not null,
  pillar text   not null,
  name   text   not null,
  hant   text   not null,
  en     text   not null,
  place  bigint not null,
  path   text   not null,
  phone  text   not null,
  ends   bigint not null default 0,
  rev    bigint not null default 1
);
create index org_path on org (path, id);

create table team (
  id    bigint primary key,
  org   bigint not null,
  place bigint not null,
  path  text   not null,
  kind  text   not null,
  name  text   not null,
  hant  text   not null,
  en    text   not null,
  ends  bigint not null default 0,
  rev   bigint not null default 1
);
create index team_path on team (path, id);

create table council (
  id     bigint primary key,
  place  bigint not null,
  path   text   not null,
  name   text   not null,
  hant   text   not null,
  en     text   not null,
  starts bigint not null, -- of the term
  ends   bigint not null default 0,
  rev    bigint not null default 1
);
create index council_path on council (path, id);

create table member (
  id     bigint primary key,
  kind   text   not null, -- org, team, council
  of     bigint not null,
  person bigint not null,
  post   text   not null, -- chair, lead, member
  starts bigint not null,
  ends   bigint not null default 0,
  at     bigint not null,
  who    bigint not null
);
create index member_of on member (kind, of, id);
create index member_person on member (person, id);

create table grants (
  id     bigint primary key,
  role   text   not null,
  place  bigint not null, -- 0: everywhere, path '/'
  path   text   not null,
  person bigint not null,
  starts bigint not null,
  ends   bigint not null default 0,
  deputy bigint not null default 0, -- of whom: counts only while that person holds the role there
  member bigint not null default 0, -- the council seat it came with
  at     bigint not null,
  who    bigint not null
);
create index grants_person on grants (person, id);
create index grants_path on grants (path, role, id);
