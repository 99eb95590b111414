create table act (
  id     bigint primary key,
  at     bigint not null,
  who    bigint not null,
  via    text   not null,
  verb   text   not null,
  what   bigint not null,
  detail text   not null
);
create index act_what on act (what, id);
