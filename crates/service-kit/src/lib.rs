//! What every process needs around its rules: settings, logs, edges, limits, health and shutdown.
