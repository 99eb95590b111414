-- act: who did what. Only ever added to; the one exception is Blank, which is an act itself.
create table act (
  id     bigint primary key,
  at     bigint not null,
  who    bigint not null,
  via    text   not null,
  verb   text   not null,
  what   bigint not null,
  detail text   not null,               -- JSON; after Blank the hash of what stood here
  salt   text   not null                -- makes that hash tell nothing; '' after Blank
);
create index act_what on act (what, id);

-- unsealed: acts that wait for their place in the chain. A commit may come later than its ids
-- promise, so the sealer asks this table what is missing, not "what has a greater id".
create table unsealed (act bigint primary key);

create table seal (
  seq  bigint primary key,
  act  bigint not null,
  mark text   not null,                 -- of the act alone
  hash text   not null,                 -- of the mark and all before it
  at   bigint not null
);
create unique index seal_act on seal (act);

-- sealer: one row; who seals now, until when, and the head of the chain.
create table sealer (
  one    bigint primary key,
  holder bigint not null,
  until  bigint not null,
  seq    bigint not null,
  hash   text   not null,
  at     bigint not null
);
insert into sealer (one, holder, until, seq, hash, at) values (1, 0, 0, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0);
