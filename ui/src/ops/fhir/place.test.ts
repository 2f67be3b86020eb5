import { expect, test } from 'vitest';
import { elementsIn, placeOf, placeSaid } from './place';

const text = '{\n "resourceType": "Patient",\n "name": [{"family": "a \\" ]"},\n   {"given": ["b", "c"]}],\n "birthDate": "19"\n}';

test('every element with where it begins, as far as the text is JSON', () => {
  expect([...elementsIn(text).keys()]).toEqual(['resourceType', 'name', 'name[0]', 'name[0].family', 'name[1]', 'name[1].given', 'name[1].given[0]', 'name[1].given[1]', 'birthDate']);
  expect([...elementsIn('{"a": [1, ').keys()]).toEqual(['a', 'a[0]']);
  expect([...elementsIn('[').keys(), ...elementsIn('').keys()]).toEqual([]);
});

test('the line of an element; of one that is missing, of what it would stand in', () => {
  const line = (expression: string): number | undefined => placeOf(text, expression)?.line;
  expect([line('Patient.birthDate'), line('Patient.name[1].given[1]'), line('Patient.name[1].use'), line('Patient.gender'), line('Patient'), line('Patient.name.family')]).toEqual([5, 4, 4, 1, 1, 3]);
  const place = placeOf(text, 'Patient.birthDate');
  expect(place && text.slice(place.begin, place.end)).toBe('"birthDate": "19"');
  expect(placeOf(text, '')).toBeNull();
});

test('a place that the server said', () => {
  expect(placeSaid(text, 'JSON, line 2, column 2: a comma')).toMatchObject({ line: 2, begin: 3 });
  expect(placeSaid(text, 'JSON, line 1, column 1: x')).toMatchObject({ line: 1, begin: 0 });
  expect(placeSaid(text, 'nothing')).toBeNull();
});
