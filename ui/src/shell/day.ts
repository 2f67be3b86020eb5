// The day as a calendar leaf says it. The lunar date comes from the browser's own calendar; where that has none, there is none.

export interface Leaf {
  day: string; // 24
  month: string; // 11月 星期二, November, Tuesday
  lunar: string; // 十月十五; in Chinese only
}

export function leafOf(ms: number, language: string): Leaf {
  const date = new Date(ms);
  const zh = language !== 'en';
  const weekday = new Intl.DateTimeFormat(zh ? 'zh-CN' : 'en', { weekday: 'long' }).format(date);
  const month = new Intl.DateTimeFormat(zh ? 'zh-CN' : 'en', { month: 'long' }).format(date);
  return { day: String(date.getDate()), month: zh ? `${date.getMonth() + 1}月 ${weekday}` : `${month}, ${weekday}`, lunar: zh ? lunarOf(date) : '' };
}

const kUnits = ['', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十'];

/** 初一 … 三十 */
export function lunarDay(day: number): string {
  if (day <= 10) return '初' + kUnits[day];
  if (day === 20) return '二十';
  if (day === 30) return '三十';
  return (day < 20 ? '十' : '廿') + kUnits[day % 10];
}

function lunarOf(date: Date): string {
  try {
    const parts = new Intl.DateTimeFormat('zh-u-ca-chinese', { month: 'long', day: 'numeric' }).formatToParts(date);
    const month = parts.find((p) => p.type === 'month')?.value ?? '';
    const day = Number(parts.find((p) => p.type === 'day')?.value ?? '');
    return /月$/.test(month) && day >= 1 && day <= 30 ? month + lunarDay(day) : '';
  } catch {
    return '';
  }
}
