// What can be printed of a record, by the packs' own print forms: one link each, opened beside the page as PDF. Nothing where no form fits, or the post prints none.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { titleIn } from '../../shell/i18n';
import { http } from '../../shell/session';
import '../words';

interface PrintForm {
  id: string;
  title: Record<string, string>;
  path: string;
}

export function Prints({ type, id, version }: { type: string; id: string; version: string }): ReactNode {
  const { t, i18n } = useTranslation('parts');
  const asked = useQuery({
    queryKey: ['prints', type, id, version], retry: false,
    queryFn: async ({ signal }) => (await http.send<{ prints?: PrintForm[] }>('GET', `/app/prints/${type}/${encodeURIComponent(id)}`, { signal })).body?.prints ?? [],
  });
  return (asked.data ?? []).map((form) => (
    <a key={form.path} className="tk-btn tk-s" href={`${form.path}?lang=${i18n.language}`} target="_blank" rel="noreferrer">
      {t('case.print', { what: titleIn(form.title) })}
    </a>
  ));
}
