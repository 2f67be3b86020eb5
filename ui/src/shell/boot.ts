// The first script of every door: small, alone, before anything is painted. While the large scripts are on their way it
// - asks who is signed in (session.ts takes the answer),
// - says which of two things is painted: the sign-in form that stands in the page, or, for a browser that was signed in when it was last
//   seen or reads English, grey bars (base.css),
// - notes a press on the form's button that comes before the form works (sign_in.tsx acts on it).
// No import: it is not a module, so that it runs before the body is read.
{
  const root = document.documentElement;
  const held = (key: string): string | null => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const english = held('tk.language') === 'en';
  if (english) root.lang = 'en';
  if (english || held('tk.known') === '1') root.dataset['wait'] = '';
  const boot = { asked: fetch('/auth/me', { credentials: 'same-origin', cache: 'no-store' }), pressed: false };
  boot.asked.catch(() => undefined); // met again, and shown, where the answer is taken
  document.addEventListener('submit', (e) => {
    if (e.defaultPrevented) return;
    e.preventDefault();
    boot.pressed = true;
  });
  (globalThis as { tkBoot?: typeof boot }).tkBoot = boot;
}
