//! One JSON object a line, with what the request is known by beside what happened.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The line. Members of the enclosing spans, such as `request.id` and `trace.id`, stand beside those of the line itself.
pub(super) struct JsonLines;

/// The fields of a span or of a line as members of an object, each after a comma; so those of a span are written once and
/// put into every line as they are.
pub(super) struct Members;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        writer.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        let metadata = event.metadata();
        write!(writer, "\",\"level\":\"{}\",\"target\":", metadata.level())?;
        quoted(&mut writer, metadata.target())?;
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            if let Some(fields) = extensions.get::<FormattedFields<N>>() {
                writer.write_str(&fields.fields)?;
            }
        }
        context.format_fields(writer.by_ref(), event)?;
        writer.write_str("}\n")
    }
}

impl<'a> FormatFields<'a> for Members {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { writer, written: Ok(()) };
        fields.record(&mut visitor);
        visitor.written
    }
}

struct Visitor<'a> {
    writer: Writer<'a>,
    written: fmt::Result,
}

impl Visitor<'_> {
    fn member(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let name = match field.name() {
            // Where a library's line comes from, which would stand beside the target of the line itself.
            "log.target" => "library",
            name if name.starts_with("log.") => return,
            name => name,
        };
        if self.written.is_ok() {
            let writer = &mut self.writer;
            let mut written = || {
                writer.write_char(',')?;
                quoted(writer, name)?;
                writer.write_char(':')
            };
            self.written = written().and_then(|()| write(&mut self.writer));
        }
    }
}

impl Visit for Visitor<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for what is not finite.
        self.member(
            field,
            |writer| if value.is_finite() { write!(writer, "{value}") } else { writer.write_str("null") },
        );
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |writer| quoted(writer, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field, |writer| {
            use fmt::Write;
            writer.write_char('"')?;
            write!(Escaped(writer), "{value:?}")?;
            writer.write_char('"')
        });
    }
}

fn quoted(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    use fmt::Write;
    writer.write_char('"')?;
    Escaped(writer).write_str(text)?;
    writer.write_char('"')
}

/// The inside of a JSON string (RFC 8259 §7).
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (place, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.write_str(&text[plain..place])?;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                _ => write!(self.0, "\\u{byte:04x}")?,
            }
            plain = place + 1;
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_of_a_request_is_one_object_with_its_ids() {
        let written = Written::default();
        let sink = written.clone();
        let lines = tracing_subscriber::fmt().fmt_fields(Members).event_format(JsonLines);
        let subscriber = lines.with_writer(move || sink.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let request = tracing::info_span!("http.request", request.id = %"r\"1", trace.id = tracing::field::Empty);
            let _entered = request.enter();
            request.record("trace.id", "t-1");
            let odd = "a\"b\\c\nd\u{1}é";
            tracing::info!(http.status = 200_u16, yes = true, odd, debug = ?odd, size = -1, part = 0.5, nan = f64::NAN, "answered");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let mut line: Value = serde_json::from_str(&text).unwrap();
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{text}");
        line["timestamp"] = Value::Null;
        let odd = "a\"b\\c\nd\u{1}é";
        assert_eq!(
            line,
            json!({
                "timestamp": null, "level": "INFO", "target": "service_kit::logs::json::tests", "request.id": "r\"1",
                "trace.id": "t-1", "http.status": 200, "yes": true, "odd": odd, "debug": format!("{odd:?}"), "size": -1,
                "part": 0.5, "nan": null, "message": "answered",
            })
        );
    }
}
