"""What happens is told to webhooks; an item whose content changes is not nearly the same as others any more."""

from django.db import migrations

# Events are written in the transaction in which things happen, and only where somebody wants to be told. The first look at
# each is a question to a table of a few rows; what the event says is put together only after it.
EVENTS = """
CREATE FUNCTION annotation_wants(project bigint, kind text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM annotation_webhook w
                   WHERE w.project_id = project AND w.active AND (w.types = '[]' OR w.types ? kind))
$$;

-- A row of some table is an event of the type that the first argument names; the others name the columns that are told.
-- Layers above use it too: their tables need a project_id.
CREATE FUNCTION annotation_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF annotation_wants(NEW.project_id, TG_ARGV[0]) THEN
        INSERT INTO annotation_event (project_id, type, data)
        SELECT NEW.project_id, TG_ARGV[0], jsonb_object_agg(said.key, said.value)
        FROM jsonb_each(to_jsonb(NEW)) said WHERE said.key = ANY(TG_ARGV[1:]);
    END IF;
    RETURN NULL;
END $$;

-- Once for each statement: what is imported comes in large ones, and is told as an import.
CREATE FUNCTION annotation_tell_answers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM annotation_webhook WHERE active) THEN
        RETURN NULL;
    END IF;
    INSERT INTO annotation_event (project_id, type, data)
    SELECT a.project_id, kind, jsonb_build_object('id', a.id, 'item', a.item_id, 'key', i.key, 'annotator', u.username,
           'answer', a.answer, 'schema', s.version, 'origin', a.origin, 'seconds', a.seconds, 'created_at', a.created_at,
           'supersedes', a.supersedes_id)
    FROM (SELECT *, CASE WHEN supersedes_id IS NULL THEN 'annotation.created' ELSE 'annotation.revised' END AS kind
          FROM added WHERE origin <> 'imported') a
    JOIN annotation_item i ON i.id = a.item_id JOIN annotation_user u ON u.id = a.annotator_id
    JOIN annotation_schema s ON s.id = a.schema_id
    WHERE annotation_wants(a.project_id, kind) ORDER BY a.id;
    RETURN NULL;
END $$;

CREATE FUNCTION annotation_tell_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF annotation_wants(NEW.project_id, 'item.adjudicated') THEN
        INSERT INTO annotation_event (project_id, type, data)
        SELECT NEW.project_id, 'item.adjudicated', jsonb_build_object('id', NEW.id, 'item', NEW.item_id, 'key', i.key,
               'by', u.username, 'answer', NEW.answer, 'note', NEW.note, 'created_at', NEW.created_at)
        FROM annotation_item i JOIN annotation_user u ON u.id = NEW.by_id WHERE i.id = NEW.item_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION annotation_tell_pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF annotation_wants(NEW.project_id, 'member.paused') THEN
        INSERT INTO annotation_event (project_id, type, data)
        SELECT NEW.project_id, 'member.paused', jsonb_build_object('username', u.username, 'role', NEW.role,
               'reason', NEW.paused_reason)
        FROM annotation_user u WHERE u.id = NEW.user_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER answers_told AFTER INSERT ON annotation_annotation REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION annotation_tell_answers();
-- Not gold questions, which want no answers, nor what comes back into work as what it was.
CREATE TRIGGER resolved_told AFTER UPDATE OF state ON annotation_item FOR EACH ROW
    WHEN (NEW.state = 'resolved' AND OLD.state IN ('open', 'disputed') AND NEW.wanted > 0)
    EXECUTE FUNCTION annotation_tell('item.resolved', 'id', 'key', 'state', 'answers');
CREATE TRIGGER disputed_told AFTER UPDATE OF state ON annotation_item FOR EACH ROW
    WHEN (NEW.state = 'disputed' AND OLD.state <> 'disputed')
    EXECUTE FUNCTION annotation_tell('item.disputed', 'id', 'key', 'state', 'answers', 'doubt');
CREATE TRIGGER decision_told AFTER INSERT ON annotation_adjudication FOR EACH ROW WHEN (NEW.kind = 'decided')
    EXECUTE FUNCTION annotation_tell_decision();
CREATE TRIGGER pause_told AFTER UPDATE OF paused_reason ON annotation_membership FOR EACH ROW
    WHEN (OLD.paused_reason = '' AND NEW.paused_reason <> '') EXECUTE FUNCTION annotation_tell_pause();
CREATE TRIGGER end_told AFTER UPDATE OF state ON annotation_dataset FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state IN ('done', 'failed', 'cancelled'))
    EXECUTE FUNCTION annotation_tell('import.finished', 'id', 'name', 'state', 'error', 'rows_read', 'rows_imported',
        'rows_unchanged', 'rows_rejected', 'answers_imported', 'predictions_imported');
CREATE TRIGGER end_told AFTER UPDATE OF state ON annotation_snapshot FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state IN ('done', 'failed', 'cancelled'))
    EXECUTE FUNCTION annotation_tell('snapshot.finished', 'id', 'number', 'name', 'state', 'error', 'rows', 'row_count',
        'sha256', 'size');
CREATE TRIGGER end_told AFTER UPDATE OF state ON annotation_bulkaction FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state IN ('done', 'failed', 'cancelled'))
    EXECUTE FUNCTION annotation_tell('bulk_action.finished', 'id', 'action', 'state', 'error', 'changed', 'left');
"""
EVENTS_BACK = """
DROP TRIGGER end_told ON annotation_bulkaction;
DROP TRIGGER end_told ON annotation_snapshot;
DROP TRIGGER end_told ON annotation_dataset;
DROP TRIGGER pause_told ON annotation_membership;
DROP TRIGGER decision_told ON annotation_adjudication;
DROP TRIGGER disputed_told ON annotation_item;
DROP TRIGGER resolved_told ON annotation_item;
DROP TRIGGER answers_told ON annotation_annotation;
DROP FUNCTION annotation_tell_pause();
DROP FUNCTION annotation_tell_decision();
DROP FUNCTION annotation_tell_answers();
DROP FUNCTION annotation_tell();
DROP FUNCTION annotation_wants(bigint, text);
"""

# What its sketch, and what it was found to be nearly the same as, says holds for the old content.
FORGET = """
CREATE FUNCTION annotation_forget_likeness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM annotation_likeness WHERE item_id = NEW.id;
    DELETE FROM annotation_alike WHERE item_id = NEW.id OR of_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER likeness_forgotten AFTER UPDATE OF payload ON annotation_item FOR EACH ROW
    WHEN (OLD.payload IS DISTINCT FROM NEW.payload) EXECUTE FUNCTION annotation_forget_likeness();
"""
FORGET_BACK = """
DROP TRIGGER likeness_forgotten ON annotation_item;
DROP FUNCTION annotation_forget_likeness();
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0010_data")]
    operations = [migrations.RunSQL(EVENTS, EVENTS_BACK), migrations.RunSQL(FORGET, FORGET_BACK)]
