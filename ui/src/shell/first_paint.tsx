// What stands in every page before its scripts have come: the sign-in form, as React writes it, so that React takes it over with what has
// been typed (door_root.tsx). Runs at build only.
import { renderToString } from 'react-dom/server';
import { SignIn } from './sign_in';

export const kBars = '<div class="tk-skel tk-wait" aria-hidden="true"><i></i><i></i><i class="short"></i><i></i><i></i><i class="short"></i></div>';

export function firstPaint(): string {
  return kBars + renderToString(<SignIn />);
}
