-- A trail is read by time, and by time of one actor, target or action; each page is a walk along one of these.
DROP INDEX audit_events_tenant;
DROP INDEX audit_events_at;
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_tenant ON audit_events (tenant_id, at, id);
CREATE INDEX audit_events_actor ON audit_events (tenant_id, actor_id, at, id);
CREATE INDEX audit_events_target ON audit_events (tenant_id, target_id, at, id);
CREATE INDEX audit_events_action ON audit_events (tenant_id, action, at, id);
