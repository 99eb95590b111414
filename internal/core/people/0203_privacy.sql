create table consent (
  id        bigint primary key,
  person    bigint not null,
  purpose   text   not null, -- contact, account, photo, survey
  version   text   not null, -- of the text agreed to
  at        bigint not null,
  withdrawn bigint not null default 0
);
create index consent_person on consent (person, purpose, id);

create table erasure (
  id     bigint primary key,
  person bigint not null,
  at     bigint not null,
  state  text   not null, -- asked, done, refused, taken_back
  reason text   not null, -- of a refusal, a code
  ended  bigint not null default 0,
  who    bigint not null default 0
);
create index erasure_person on erasure (person, id);
create index erasure_asked on erasure (id) where state = 'asked';

create table retention (
  kind text   primary key,
  days bigint not null, -- 0: kept until asked
  rev  bigint not null default 1
);
insert into retention (kind, days) values
  ('contact', 180),  -- what somebody without an account left, after their last issue was closed
  ('account', 0),    -- an account nobody signs in to
  ('block', 180),    -- after it ended
  ('consent', 1095), -- after it was withdrawn: the proof that it was given
  ('erasure', 1095); -- after it was carried out: the proof that it was

create table sweep (
  id    bigint primary key,
  at    bigint not null,
  kind  text   not null,
  count bigint not null
);
