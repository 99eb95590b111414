create table rate_limit (
  name text   primary key, -- of a limit that the town has changed
  n    bigint not null,
  rev  bigint not null     -- of the change, counted over all of them
);
