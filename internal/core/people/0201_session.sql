create table login (
  person bigint not null,
  kind   text   not null, -- password, totp, recovery, link
  n      bigint not null, -- 0; of a recovery code its number
  secret text   not null, -- a hash; of totp the secret itself
  step   bigint not null default 0, -- of totp: the last step used
  at     bigint not null,
  until  bigint not null default 0,
  primary key (person, kind, n)
);
create unique index login_link on login (secret) where kind = 'link';

create table session (
  hash   text   primary key, -- SHA-256 of the token
  id     bigint not null,    -- what the person sees and ends it by
  person bigint not null,
  stage  text   not null,    -- whole, totp, enrol
  strong boolean not null,   -- came in with a second factor
  tries  bigint not null default 0,
  at     bigint not null,
  seen   bigint not null,
  until  bigint not null,    -- absolute
  device text   not null
);
create index session_person on session (person, id);
create index session_until on session (until);

create table code (
  hash   text   primary key, -- SHA-256 of the ticket
  kind   text   not null,    -- sign_in, reset, change
  person bigint not null,    -- whose telephone is changed; 0 for the other kinds
  code   text   not null,    -- SHA-256 of ticket and code
  sealed text   not null,    -- the address, readable with the ticket only
  tries  bigint not null default 0,
  at     bigint not null,
  until  bigint not null
);
create index code_until on code (until);
