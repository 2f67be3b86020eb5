// Prometheus text as rows. Pure. Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4)

export interface Metric {
  name: string;
  labels: string;
  value: string;
  help: string;
}

/** Samples in their order, each with the help of its family; buckets of histograms are left out, their sum and count stay. */
export function metricsOf(text: string): Metric[] {
  const help = new Map<string, string>();
  const rows: Metric[] = [];
  for (const line of text.split('\n')) {
    const told = /^# HELP (\S+) (.*)$/.exec(line);
    if (told) help.set(told[1] ?? '', told[2] ?? '');
    const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!sample || line.startsWith('#')) continue;
    const [, name = '', labels = '', value = ''] = sample;
    if (name.endsWith('_bucket')) continue;
    rows.push({ name, labels, value, help: help.get(name) ?? help.get(name.replace(/_(sum|count|total)$/, '')) ?? '' });
  }
  return rows;
}
