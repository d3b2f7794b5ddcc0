//! A value that is read when somebody looks.

use std::collections::HashMap;

use prometheus::core::{Collector, Desc, Describer};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Opts, Result};

/// Whether a value only rises while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises; its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// One value under one set of labels.
pub(super) struct Sampled {
    kind: Kind,
    desc: Desc,
    labels: Vec<LabelPair>,
    read: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl Sampled {
    pub(super) fn new(
        kind: Kind,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<Self> {
        let fixed: HashMap<String, String> =
            labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let desc = Opts::new(name, help).const_labels(fixed).describe()?;
        let labels = desc.const_label_pairs.clone();
        Ok(Self { kind, desc, labels, read: Box::new(read) })
    }
}

impl Collector for Sampled {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut metric = Metric::default();
        metric.set_label(self.labels.clone());
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        match self.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value((self.read)());
                metric.set_counter(counter);
                family.set_field_type(MetricType::COUNTER);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value((self.read)());
                metric.set_gauge(gauge);
                family.set_field_type(MetricType::GAUGE);
            }
        }
        family.set_metric(vec![metric]);
        vec![family]
    }
}
