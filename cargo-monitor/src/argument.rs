//! Metrics as arguments.

use clap::builder::{PossibleValue, TypedValueParser, ValueParserFactory};
use monitor_analysis::metric::Metric;
use monitor_report::measure::{METRICS, metric};

/// A metric as an argument: its name, `heap-peak`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricArgument(pub Metric);

impl ValueParserFactory for MetricArgument {
    type Parser = MetricParser;

    fn value_parser() -> MetricParser {
        MetricParser
    }
}

/// Parses the name of a metric.
#[derive(Clone, Debug)]
pub struct MetricParser;

impl TypedValueParser for MetricParser {
    type Value = MetricArgument;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<MetricArgument, clap::Error> {
        let names = clap::builder::PossibleValuesParser::new(METRICS.iter().map(|metric| metric.name()));
        let name = names.parse_ref(command, argument, value)?;
        metric(&name).map(MetricArgument).ok_or_else(|| clap::Error::new(clap::error::ErrorKind::InvalidValue))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(METRICS.iter().map(|metric| PossibleValue::new(metric.name()))))
    }
}
