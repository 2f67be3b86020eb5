// The phone of those who work outside: /m. It opens at the work itself; who, where and the rest stand at /m/home.
import { pages as appPages } from 'virtual:tk-pages/m';
import { lazy, Suspense } from 'react';
import { openDoor, warmPage } from './door_root';
import { kOwnPages } from './own_pages';
import { mayUse } from './pages';
import { Phone } from './phone';
import { useSession } from './session';

const pages = [...appPages, ...kOwnPages.m];
warmPage('m', pages);
const TasksToday = lazy(() => import('../rounds/today'));

function Today() {
  const session = useSession();
  return mayUse(session, { read: 'Task' }) ? (
    <Suspense fallback={null}>
      <TasksToday />
    </Suspense>
  ) : null;
}

openDoor('m', <Phone door="m" pages={pages} opensHome={false} top={<Today />} />);
