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

/** People with a reading of yesterday each. */
export async function seedPeople(world, n) {
  const all = [];
  for (let i = 0; i < n; i += 1) {
    const [name, gender, birth] = kPeople[i % kPeople.length];
    const area = i % 4 === 3 ? '380104' : '380102';
    const number = residentId(area, birth, (i * 2 + (gender === 'male' ? 1 : 0)) % 1000);
    const patient = await world.addPatient(i, number, name, gender, birth, area);
    await world.addReading(patient, (364 + (i % 5)) / 10, 1440 + i * 7);
    all.push({ patient, number, name });
  }
  return all;
}

/** One fever for each entry of `minutesAgo`, of the first people. */
export async function seedFevers(world, people, minutesAgo) {
  for (const [i, ago] of minutesAgo.entries()) {
    await world.addReading(people[i].patient, (374 + (i % 9) * 2) / 10, ago, i % 2 ? ['cough', 'fatigue'] : ['none']);
  }
}
