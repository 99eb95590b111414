create table rate (
  key   text   primary key, -- SHA-256, cut: an address is never kept
  tat   bigint not null,    -- when all that was used will have come back
  rev   bigint not null default 1
);
create index rate_tat on rate (tat);

create table block (
  id     bigint primary key,
  kind   text   not null, -- address, phone, email, place, person
  hash   text   not null,
  reason text   not null, -- a code: spam, abuse, threat, test
  at     bigint not null,
  until  bigint not null, -- 0: until lifted
  who    bigint not null,
  path   text   not null  -- of the place it was set for
);
create index block_hash on block (kind, hash);
