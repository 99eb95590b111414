create index block_key on block (hash);
