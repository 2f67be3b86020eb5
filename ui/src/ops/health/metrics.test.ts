import { expect, test } from 'vitest';
import { metricsOf } from './metrics';

test('samples with their help; buckets are left out', () => {
  const text = '# HELP t_requests_total Requests.\n# TYPE t_requests_total counter\nt_requests_total{route="/fhir",status="200"} 7\n# HELP t_seconds Time.\nt_seconds_bucket{le="1"} 3\nt_seconds_sum 1.5\nup 1\n\n';
  expect(metricsOf(text)).toEqual([
    { name: 't_requests_total', labels: 'route="/fhir",status="200"', value: '7', help: 'Requests.' }, { name: 't_seconds_sum', labels: '', value: '1.5', help: 'Time.' }, { name: 'up', labels: '', value: '1', help: '' },
  ]);
  expect(metricsOf('')).toEqual([]);
});
