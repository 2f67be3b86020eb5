// The contacts of the naming form as POST name takes them: one object each, only what was filled in. Pure.
import type { QuestionnaireResponse } from '@tk/components/form/model';

interface Answered {
  linkId: string;
  answer?: Record<string, unknown>[];
  item?: Answered[];
}

export function contactsIn(response: QuestionnaireResponse): Record<string, string>[] {
  const groups = ((response.item ?? []) as unknown as Answered[]).filter((group) => group.linkId === 'contact');
  return groups.map((group) => {
    const contact: Record<string, string> = {};
    for (const item of group.item ?? []) {
      const [value] = Object.values(item.answer?.[0] ?? {});
      const text = typeof value === 'object' && value !== null ? (value as { code?: string }).code : value;
      if (typeof text === 'string' && text.trim() !== '') contact[item.linkId] = text.trim();
    }
    return contact;
  });
}
