// A rule as a person reads it: when it looks, what must come to hold, by which limits, what it then does, and where all that is from.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type Deed, deedsOf, clausesOf, limitsOf, type RuleFile, titleOf } from './model';

export function RuleText({ rule, settings, pack }: { rule: RuleFile; settings: Record<string, unknown>; pack: string }): ReactNode {
  const { t, i18n } = useTranslation('packs');
  const clauses = rule.where ? clausesOf(rule.where) : [];
  const limits = limitsOf(rule, settings);
  const operations = (rule.on?.operations ?? []).map((one) => t(`operation.${one}`, { defaultValue: one })).join(t('or'));
  return (
    <article className="pk-rule">
      <h2>{titleOf(rule.title, i18n.language, rule.id ?? '')}</h2>
      <p className="tk-sub">
        {rule.id}　{t('version', { version: rule.version ?? '?' })}
      </p>
      {rule.source?.text && <p className="pk-source">{t('source', { text: rule.source.text, edition: rule.source.edition ?? '', date: rule.source.date ?? '' })}</p>}
      <section>
        <h3>{t('when')}</h3>
        <p>{t('whenWords', { operations, type: rule.on?.type ?? '' })}</p>
      </section>
      <section>
        <h3>
          {t('where')} <small>{t(clauses.length > 1 ? 'whereAll' : 'whereOne')}</small>
        </h3>
        {clauses.length === 0 ? (
          <p>{t('whereAlways')}</p>
        ) : (
          <ol className="pk-clauses">
            {clauses.map((clause) => (
              <li key={clause}>
                <code>{clause}</code>
              </li>
            ))}
          </ol>
        )}
      </section>
      {limits.length > 0 && (
        <section>
          <h3>{t('limits')}</h3>
          <table className="pk-limits">
            <thead>
              <tr>
                <th>{t('limit')}</th>
                <th>{t('value')}</th>
                <th>{t('fromWhere')}</th>
              </tr>
            </thead>
            <tbody>
              {limits.map((limit) => (
                <tr key={limit.name}>
                  <th scope="row">
                    <code>%{limit.name}</code>
                  </th>
                  <td>
                    <b>{limit.value || '—'}</b> {limit.unit && t(`unit.${limit.unit}`, { defaultValue: limit.unit })}
                  </td>
                  <td>{limit.setting === '' ? t('inRule') : t('inSettings', { pack, setting: limit.setting })}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <section>
        <h3>
          {t('then')} <small>{t('thenAll')}</small>
        </h3>
        <ol className="pk-deeds">
          {deedsOf(rule).map((deed, i) => (
            <DeedText key={i} deed={deed} />
          ))}
        </ol>
      </section>
    </article>
  );
}

function DeedText({ deed }: { deed: Deed }): ReactNode {
  const { t } = useTranslation('packs');
  return (
    <li>
      <b>{t(`verb.${deed.verb}`, { what: deed.what || t('itself') })}</b>
      {deed.when && (
        <p>
          {t('onlyWhen')} <code>{deed.when}</code>
        </p>
      )}
      {deed.lines.length > 0 && (
        <dl>
          {deed.lines.map((line, i) => (
            <div key={`${line.path} ${i}`}>
              <dt>{line.path}</dt>
              <dd>{line.computed ? <code>{line.text}</code> : line.text}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}
