// Tables that go in: which table, and the wizard that takes it. The URL holds which table.
import { useQueries, useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty, Skeleton } from '../../components/states';
import { ImportWizard } from '../../components/wizard/wizard';
import { ForThose } from '../may_not';
import { askPacks } from '../../packs/ask';
import { useParam } from '../../shell/router';
import { http, may, useSession } from '../../shell/session';
import { emptyTable, kTables, type Table, tablesOfPack } from './model';
import './tables.css';

export default function Page(): ReactNode {
  return (
    <ForThose call="$import-areas" title="tables.title">
      <Tables />
    </ForThose>
  );
}

/** Those of the platform whose operation the post has, and those of packs whose records it writes. */
function useTables(): { tables: Table[]; pending: boolean } {
  const session = useSession();
  const packs = useQuery({ queryKey: ['packs'], queryFn: ({ signal }) => askPacks(signal), staleTime: 60_000, enabled: may(session, 'call', 'packs') });
  const bringing = (packs.data ?? []).filter((pack) => pack.parts.some(({ part }) => part === 'imports'));
  const asked = useQueries({
    queries: bringing.map((pack) => ({
      queryKey: ['pack-imports', pack.id],
      queryFn: async ({ signal }: { signal: AbortSignal }) => tablesOfPack(pack.id, (await http.send<{ imports: never[] }>('GET', `/app/${encodeURIComponent(pack.id)}/imports`, { signal })).body?.imports ?? []),
      staleTime: 60_000,
    })),
  });
  const own = kTables.filter((table) => may(session, 'call', table.call));
  const brought = asked.flatMap((one) => one.data ?? []).filter((table) => may(session, 'write', table.type));
  return { tables: [...own, ...brought], pending: packs.isLoading || asked.some((one) => one.isPending) };
}

function Tables(): ReactNode {
  const { t, i18n } = useTranslation('ops');
  const { tables, pending } = useTables();
  const [id, setId] = useParam('table', '');
  const table = tables.find((one) => one.id === id) ?? (id === '' ? tables[0] : undefined);
  return (
    <main id="main" className="tb" tabIndex={-1}>
      <section className="tb-kinds" aria-label={t('tables.title')}>
        <h1>{t('tables.title')}</h1>
        <ul>
          {tables.map((one) => (
            <li key={one.id}>
              <button type="button" aria-current={one === table ? 'true' : undefined} onClick={() => setId(one.id)}>
                {one.title[i18n.language] ?? one.title['en']}
                <small>{one.pack ? one.id : t('tables.ofPlatform')}</small>
              </button>
            </li>
          ))}
        </ul>
        {pending && <Skeleton lines={2} />}
      </section>
      {table ? (
        <One key={table.id} table={table} />
      ) : (
        !pending && (
          <Empty icon="info" title={t('tables.noTable')}>
            <p className="tk-sub">{t('tables.noTableHint')}</p>
          </Empty>
        )
      )}
    </main>
  );
}

function One({ table }: { table: Table }): ReactNode {
  const { t, i18n } = useTranslation('ops');
  const title = table.title[i18n.language] ?? table.title['en'] ?? table.id;
  const words = table.heads.map((head) => head.words[i18n.language] ?? head.words['en'] ?? '');
  const names = Object.fromEntries(table.heads.map((head, i) => [head.words['en'] ?? '', words[i] ?? '']));
  const template = table.template ? { label: title, href: table.template } : { label: title, table: emptyTable(table, i18n.language) };
  const hint = (
    <>
      {t('tables.columns')}
      <ul className="tb-heads">
        {table.heads.map((head, i) => (
          <li key={words[i]} data-required={head.required || undefined}>
            {words[i]}
            {head.required && <small>{t('tables.required')}</small>}
          </li>
        ))}
      </ul>
    </>
  );
  return (
    <div className="tb-one">
      <h2>{title}</h2>
      <ImportWizard path={table.send} what={title} templates={[template]} columns={names} hint={hint} />
    </div>
  );
}
