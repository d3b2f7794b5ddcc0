DROP TABLE audit_events;
DROP TABLE feed;
DROP TABLE feed_head;
DROP TABLE deployment;
