// The list of accounts: dense rows, a lock and a word for those that are disabled.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../components/icon';
import type { Kept, PostTold } from './keep';

/** What a post is called; its name in the configuration where nobody says. */
export function usePostTitle(posts: PostTold[]): (post: string) => string {
  const { t, i18n } = useTranslation('accounts');
  return (post) => {
    if (!post) return t('noPost');
    const told = posts.find((each) => each.name === post);
    return (i18n.language === 'en' ? told?.title_en : told?.title_zh) || (post === 'admin' ? t('admin') : post);
  };
}

/** What it signs in with, in words. */
export function useWays(): (account: Kept) => string {
  const { t } = useTranslation('accounts');
  return (account) => {
    const ways = [account.password && t('way.password'), account.app && t('way.app'), account.sms_factor && t('way.sms'), account.kind === 'resident' && account.phone && t('way.phone'),
      account.secret && t('way.secret'), account.keys && t('way.keys'), account.kind === 'device' && t('way.token')].filter((word): word is string => Boolean(word));
    return ways.length > 0 ? ways.join(' + ') : t(account.kind === 'program' ? 'way.public' : 'way.none');
  };
}

/** Whose data it reaches. */
export function useReach(): (account: Kept) => string {
  const { t } = useTranslation('accounts');
  return (account) => account.area || t(account.kind === 'resident' ? 'ownOnly' : 'wholeCity');
}

export function State({ account }: { account: Kept }): ReactNode {
  const { t } = useTranslation('accounts');
  if (account.disabled) {
    return (
      <span className="ac-state ac-off">
        <Icon name="lock" size={14} />
        {t('state.disabled')}
      </span>
    );
  }
  return <span className="ac-state">{t(account.must_change ? 'state.mustChange' : 'state.good')}</span>;
}

export function AccountTable(props: { rows: Kept[]; posts: PostTold[]; current: string; onOpen: (name: string) => void }): ReactNode {
  const { t } = useTranslation('accounts');
  return (
    <table className="ac-table">
      <caption className="tk-vh">{t('title')}</caption>
      <thead>
        <tr>
          <th>{t('col.account')}</th>
          <th className="c-post">{t('col.post')}</th>
          <th className="c-area">{t('col.area')}</th>
          <th className="c-ways">{t('col.ways')}</th>
          <th className="c-state">{t('col.state')}</th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => (
          <AccountRow key={row.name} row={row} posts={props.posts} current={row.name === props.current} onOpen={() => props.onOpen(row.name)} />
        ))}
      </tbody>
    </table>
  );
}

function AccountRow({ row, posts, current, onOpen }: { row: Kept; posts: PostTold[]; current: boolean; onOpen: () => void }): ReactNode {
  const title = usePostTitle(posts);
  const ways = useWays();
  const reach = useReach();
  return (
    <tr className={current ? 'cur' : undefined} onClick={onOpen}>
      <td>
        <button
          type="button"
          className="ac-open"
          aria-current={current ? 'true' : undefined}
          onClick={(e) => {
            e.stopPropagation();
            onOpen();
          }}
        >
          <span className="tk-cut">{row.display}</span>
          {row.display !== row.name && <span className="tk-sub tk-cut">{row.name}</span>}
        </button>
      </td>
      <td className="tk-cut c-post">{title(row.post)}</td>
      <td className="c-area">{reach(row)}</td>
      <td className="tk-cut c-ways">{ways(row)}</td>
      <td className="c-state">
        <State account={row} />
      </td>
    </tr>
  );
}
