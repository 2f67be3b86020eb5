// Invented people with numbers that pass the check of GB 11643. Division 3801 belongs to nobody.

const kWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** `serial`: 0..999; odd is male. */
export function residentId(division, birthDate, serial) {
  const first = division + birthDate.replaceAll('-', '') + String(serial).padStart(3, '0');
  const sum = [...first].reduce((s, d, i) => s + Number(d) * kWeights[i], 0);
  return first + '10X98765432'[sum % 11];
}

const kPeople = [
  ['何思明', 'male', '1979-03-15'], ['刘芳', 'female', '1992-07-01'], ['古丽巴哈尔·阿卜杜热合曼', 'female', '1997-12-30'],
  ['欧阳震华', 'male', '1958-02-28'], ['马强', 'male', '1979-10-10'], ['孙小雨', 'female', '2018-06-01'],
  ['Alexander Featherstonehaugh', 'male', '1985-05-05'], ['郭建国', 'male', '1954-01-20'], ['唐丽', 'female', '1987-09-09'],
  ['冯玉兰', 'female', '1974-04-04'], ['许志远', 'male', '1981-11-11'], ['邓文', 'female', '2000-02-29'],
];

/** People with readings; every third has a fever, with time limits passed, near and far. */
export function seedPeople(mock, n) {
  const all = [];
  for (let i = 0; i < n; i += 1) {
    const [name, gender, birth] = kPeople[i % kPeople.length];
    const number = residentId(i % 4 === 3 ? '380104' : '380102', birth, (i * 2 + (gender === 'male' ? 1 : 0)) % 1000);
    const patient = mock.addPatient(number, name, gender, birth, i % 4 === 3 ? '380104' : '380102');
    mock.addReading(patient, 36.4 + (i % 5) / 10, 1440 + i * 7);
    all.push({ patient, number, name });
  }
  return all;
}

export function seedFevers(mock, people, minutesAgo) {
  return people.slice(0, minutesAgo.length).map((p, i) => mock.addReading(p.patient, 37.4 + (i % 9) / 5, minutesAgo[i], i % 2 ? ['cough', 'fatigue'] : ['none']));
}
