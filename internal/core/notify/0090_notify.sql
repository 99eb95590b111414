-- letter: one thing told to one person. It is the line in the person's inbox and the record of how
-- it was brought. Ids only: the words are put together when it is sent.
create table letter (
  id      bigint  primary key,
  person  bigint  not null,
  kind    text    not null,
  about   bigint  not null,
  urgent  boolean not null,
  key     text    not null,             -- '' none; else once for a person
  due     bigint  not null,
  state   text    not null,             -- waiting sent delivered failed read skipped
  channel text    not null default '',  -- the one tried now, or last
  tries   bigint  not null default 0,   -- on that channel
  past    text    not null default '',  -- channels that will not do, with spaces between
  ref     text    not null default '',  -- what the channel calls it
  sent    bigint  not null default 0,
  seen    bigint  not null default 0,   -- when the person read it
  err     text    not null default ''   -- code of the last failure
);
create unique index letter_key on letter (person, key) where key <> '';
create index letter_box on letter (person, id);
create index letter_sent on letter (person, sent) where sent > 0;
create index letter_new on letter (person, due) where seen = 0;
create index letter_ref on letter (channel, ref) where ref <> '';

-- wish: how a person wants to be told. No row: the defaults.
create table wish (
  person   bigint primary key,
  channels text   not null,             -- names with spaces between; '' all, 'none' the inbox only
  quiet    bigint not null,             -- minute of the day at which quiet begins
  wake     bigint not null,             -- and at which it ends
  pause    bigint not null              -- nothing before this moment; 0 no pause
);

-- mail: whether letters about a thing may go to a person by e-mail. about 0: about anything.
create table mail (
  id     bigint primary key,
  person bigint not null,
  about  bigint not null,
  state  text   not null,               -- asked confirmed open stopped
  at     bigint not null
);
create unique index mail_whom on mail (person, about);

-- channel_day: what a channel carried on one day of the town, what that cost, and how it fares.
create table channel_day (
  day     text   not null,
  channel text   not null,
  sent    bigint not null default 0,
  failed  bigint not null default 0,
  bad     bigint not null default 0,    -- failures since the last success
  spent   bigint not null default 0,    -- fen
  err     text   not null default '',
  err_at  bigint not null default 0,
  ok_at   bigint not null default 0,
  primary key (day, channel)
);

-- notice: an announcement (公告) of a place and all below it. Every version stays.
create table notice (
  id     bigint  not null,
  rev    bigint  not null,
  last   boolean not null,
  place  bigint  not null,
  path   text    not null,
  author bigint  not null,
  lang   text    not null,
  words  text    not null,              -- {"zh-Hans": {"title": …, "body": …}, …}
  opens  bigint  not null,
  until  bigint  not null,              -- 0 no end
  gone   boolean not null,              -- withdrawn
  at     bigint  not null,
  primary key (id, rev)
);
create index notice_path on notice (path, opens) where last;
