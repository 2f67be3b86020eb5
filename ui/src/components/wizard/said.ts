// What the program's readers of tables say is wrong, in Chinese: they speak English, or both languages where a pack's own condition refuses. A sentence that is not here stays
// as it was said. Source: kernel/exchange/{person_cells,reading}.cpp, apps/point-of-care/list_import.cpp, apps/roster.
import { spokenIn } from '../ways/ways';

const kSaid: readonly (readonly [RegExp, string])[] = [
  [/^This is no valid resident number/, '身份证号不对：18 位，末位是校验位，请对照证件'],
  [/^The name is missing/, '没有姓名'],
  [/^The name is longer/, '姓名太长'],
  [/^The name has characters/, '姓名里有换行等不是文字的字符'],
  [/^There is no such day/, '没有这一天，请写成 2026-11-23'],
  [/^This is no phone number/, '电话不对：手机 11 位，座机带区号'],
  [/^Without a number phone and birth/, '没有证件号码的，要有电话和出生日期：只凭姓名认不了人'],
  [/^Write male/, '性别请写 男 或 女'],
  [/^The reason is missing/, '没有原因'],
  [/^The text is longer than (\d+) bytes/, '文字太长，最多 $1 字节'],
  [/^It ends before it begins/, '截止日期在起始日期之前'],
  [/^Write info/, '级别请写 提示、警告 或 严重'],
  [/^Write active/, '状态请写 有效 或 解除'],
  [/^Line (\d+) is the same person and day/, '与第 $1 行是同一人同一天，请留一行'],
  [/^Line (\d+) is the same person/, '与第 $1 行是同一个人，请留一行'],
  [/^Line (\d+) is the same entry/, '与第 $1 行是同一条，请留一行'],
  [/^The last day is before/, '末日在首日之前'],
  [/^This is no code of a division/, '区划代码不对：2、4、6、9、12 或 15 位数字'],
  [/^The address is longer/, '住址太长，最多 500 字节'],
  [/^Write 职工/, '人员类别请写 职工、学生 或 其他'],
  [/^Temperature, symptoms and attendance/, '体温、症状、出勤至少填一项'],
  [/^This person is not on the roster/, '此人不在花名册上，请先导入花名册'],
  [/^Say who it is/, '请写工号（学号），或姓名和证件号码'],
  [/^The two numbers are/, '两个号码不是同一个人'],
  [/^He is not on the roster on that day/, '那一天他不在册，请看花名册的首日、末日'],
  [/^Write the colour/, '健康码请写 绿码、黄码 或 红码'],
  [/^Write the attendance/, '出勤请写 在岗、病假、事假 或 隔离'],
  [/^This day has not come/, '这一天还没有到'],
  [/^This day is too long ago: what is (\d+) days/, '太早了，只能补报 $1 天以内的'],
  [/^This is no temperature/, '体温不对，请写摄氏度，如 36.6'],
  [/^No thermometer for people/, '体温不可能：应在 34.0 至 43.0 ℃ 之间'],
  [/^It says that there are no symptoms/, '既写没有症状又写了症状，请留一种'],
  [/^There is no such time/, '时间不对，请写成 2026-11-23 08:30'],
  [/^This time has not come/, '这个时间还没有到'],
  [/^A symptom is not known\. Write 无, or of these, with commas between: (.*)\.$/, '症状写 无，或从这些里选，用逗号隔开：$1'],
  [/^No one, or more than one, has this number/, '当天的花名册上没有这个工号（学号），或不止一人：请先导入花名册，或写姓名和证件号码'],
  [/^The person was refused/, '这个人没有收下，请核对各列'],
  [/^The table is empty/, '表是空的：第一行要写列名'],
  [/^The table has more than (\d+) rows/, '超过 $1 行，请分几次导入'],
  [/^The file is an old \.xls/, '这是旧的 .xls 或有密码的文件，请另存为没有密码的 .xlsx'],
  [/^Lists are of the whole city/, '名单是全市的，须由管全市的账号导入'],
];

/** A sentence in the reader's language, as far as it is known. */
export function inWords(text: string, language: string): string {
  const spoken = spokenIn(text, language);
  if (language === 'en') return spoken;
  const known = kSaid.find(([pattern]) => pattern.test(spoken));
  return known ? (spoken.match(known[0]) ?? []).reduce((words, part, i) => (i === 0 ? words : words.replace(`$${i}`, part ?? '')), known[1]) : spoken;
}
