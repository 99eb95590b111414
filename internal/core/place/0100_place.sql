create table place (
  id     bigint  primary key,
  parent bigint  not null,
  tree   bigint  not null,
  path   text    not null,
  level  text    not null,
  code   text    not null,
  door   text    not null,
  doorkey text   not null,
  name   text    not null,
  hant   text    not null,
  en     text    not null,
  lat    double precision not null,
  lon    double precision not null,
  phone  text    not null,
  since  bigint  not null,
  until  bigint  not null,
  public boolean not null,
  rev    bigint  not null
);
create index place_parent on place (parent, level);
create index place_lat on place (level, lat);
create unique index place_door on place (doorkey) where doorkey <> '';
create search index place_words;

-- Which place a code meant, and when: 320602 became 320613.
create table place_code (
  tree  bigint not null,
  code  text   not null,
  since bigint not null,
  until bigint not null,
  place bigint not null,
  primary key (tree, code, since)
);
create index place_code_place on place_code (place);

-- The second layer over the same ground. A grid lies in one community.
create table grid (
  id     bigint  primary key,
  place  bigint  not null,
  path   text    not null,
  number bigint  not null,
  code   text    not null,
  name   text    not null,
  hant   text    not null,
  en     text    not null,
  since  bigint  not null,
  until  bigint  not null,
  rev    bigint  not null
);
create index grid_place on grid (place, number);

-- The boundary of a place or a grid, as GeoJSON, with its box. rev never comes twice,
-- not even after a rollback, so a shape kept in memory under its rev is always right.
create table ground (
  id   bigint primary key,
  kind text   not null,
  tree bigint not null,
  lat0 double precision not null,
  lat1 double precision not null,
  lon0 double precision not null,
  lon1 double precision not null,
  shape text  not null,
  rev  bigint not null
);
create index ground_box on ground (lat0, lat1);

-- How often a door's code was scanned on a day (yyyymmdd); nothing about by whom.
create table door_scan (
  place bigint not null,
  day   bigint not null,
  count bigint not null,
  primary key (place, day)
);
