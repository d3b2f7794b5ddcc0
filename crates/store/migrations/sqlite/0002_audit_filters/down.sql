DROP INDEX audit_events_action;
DROP INDEX audit_events_target;
DROP INDEX audit_events_actor;
DROP INDEX audit_events_tenant;
DROP INDEX audit_events_at;
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_tenant ON audit_events (tenant_id, id);
