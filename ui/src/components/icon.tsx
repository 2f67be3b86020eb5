// One set of line icons, 24 units, drawn in the colour of the text around them. Always beside a word or with a label.
import type { ReactNode } from 'react';

const kPaths = {
  back: <path d="M15 5l-7 7 7 7" />,
  bell: <path d="M6 17.500V11a6 6 0 0 1 12 0v6.500l1.500 1.500h-15zM10 21.500h4" />,
  call: <path d="M5 4h3.600l1.700 4.400-2.200 1.700a12 12 0 0 0 5.800 5.800l1.700-2.200 4.400 1.700V19a1.500 1.500 0 0 1-1.600 1.500A15.600 15.600 0 0 1 3.500 5.600 1.500 1.500 0 0 1 5 4z" />,
  task: <path d="M8 5H5.500v15.500h13V5H16M8.500 3.500h7V7h-7zM9 13l2.200 2.200L15.500 11" />,
  camera: (
    <>
      <path d="M3.500 7.500h4L9 5h6l1.500 2.500h4v12h-17z" />
      <circle cx="12" cy="13" r="3.800" />
    </>
  ),
  card: <path d="M3 5.500h18v13H3zM6.500 15.500c.3-1.700 1.200-2.500 2.700-2.500s2.400.8 2.700 2.500M9.200 12.500a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600zM14.500 10H18M14.500 13.500H18" />,
  keys: <path d="M3 6.500h18v11H3zM6.500 10v.1M10 10v.1M14 10v.1M17.500 10v.1M8 14.200h8" />,
  torch: <path d="M8 3h8v3.500L14 9.500V21h-4V9.500L8 6.500zM8 6.500h8M12 12.500v1.500" />,
  city: <path d="M3.500 20.500h17M5 20.500v-9h5v9M10 20.500V4h9v16.500M13 8h3M13 12h3M13 16h3" />,
  eye: (
    <>
      <path d="M2.500 12c2.300-4.300 5.500-6.500 9.500-6.500s7.200 2.200 9.500 6.500c-2.300 4.300-5.500 6.500-9.500 6.500S4.800 16.300 2.500 12z" />
      <circle cx="12" cy="12" r="2.800" />
    </>
  ),
  gear: (
    <>
      <circle cx="12" cy="12" r="3" />
      <path d="M12 3v3.500M12 17.500V21M3 12h3.500M17.500 12H21M5.600 5.600l2.500 2.500M15.900 15.900l2.500 2.500M18.400 5.600l-2.500 2.500M8.100 15.900l-2.500 2.500" />
    </>
  ),
  help: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M9.300 9.600a2.700 2.700 0 1 1 3.900 2.400c-.8.400-1.200 1-1.200 2M12 17v.1" />
    </>
  ),
  bed: <path d="M3 5.500v14M3 16h18v3.500M21 16v-3a3.500 3.500 0 0 0-3.500-3.500H10V16M6.500 9.500v.1" />,
  list: <path d="M9 6h11.500M9 12h11.500M9 18h11.500M4.500 6v.1M4.500 12v.1M4.500 18v.1" />,
  share: (
    <>
      <circle cx="6" cy="12" r="2.800" />
      <circle cx="17.500" cy="6" r="2.800" />
      <circle cx="17.500" cy="18" r="2.800" />
      <path d="m8.500 10.700 6.500-3.400M8.500 13.300l6.500 3.400" />
    </>
  ),
  home: <path d="M4 11 12 4l8 7v9.500h-5.500V15h-5v5.500H4z" />,
  scan: <path d="M4 8.500V4h4.500M15.500 4H20v4.500M20 15.500V20h-4.500M8.500 20H4v-4.500M4 12h16" />,
  search: (
    <>
      <circle cx="10.500" cy="10.500" r="6.500" />
      <path d="m15.500 15.500 5 5" />
    </>
  ),
  offline: <path d="M7 18.5h9.5a4 4 0 0 0 2.6-7M15.8 7.6A5.5 5.500 0 0 0 8 8.2M6 10.400A4.200 4.200 0 0 0 7 18.500M4 4l16 16" />,
  outbox: <path d="M12 15.500V4.500M7.500 9 12 4.500 16.500 9M4 14.500v5h16v-5" />,
  erase: <path d="M9 5.500h11.500v13H9L3 12zM12 9.500l5 5M17 9.500l-5 5" />,
  again: <path d="M19.500 12a7.500 7.500 0 1 1-2.200-5.300L20 9.300M20 4.500v4.800h-4.800" />,
  clock: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 6.500V12l3.800 2.200" />
    </>
  ),
  lock: (
    <>
      <rect x="5" y="10.500" width="14" height="10" rx="1.500" />
      <path d="M8 10.500V7.500a4 4 0 0 1 8 0v3" />
    </>
  ),
  check: <path d="m5 12.500 4.800 4.800L19.500 7" />,
  hand: <path d="M4 12h13.500M12.500 6.500 18 12l-5.500 5.500" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  thermometer: <path d="M9.500 13.500v-9a2.500 2.500 0 0 1 5 0v9a4.500 4.500 0 1 1-5 0zM12 9v7.500" />,
  person: (
    <>
      <circle cx="12" cy="7.500" r="4" />
      <path d="M4 20.500c.7-4.400 3.800-6.800 8-6.800s7.300 2.400 8 6.800" />
    </>
  ),
  code: <path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM20 14v2.500M17.500 20H20v-1M14 20v.1" />,
  desk: <path d="M3 4.500h18v11.500H3zM9 20.500h6M12 16v4.500" />,
  phone: <path d="M7 2.500h10v19H7zM10.500 18.500h3" />,
  language: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M3 12h18M12 3c-3.300 3-3.300 15 0 18M12 3c3.300 3 3.300 15 0 18" />
    </>
  ),
  leave: <path d="M14 4.500H5v15h9M10 12h10.500M17 8.500l3.500 3.500-3.500 3.500" />,
  shield: <path d="M12 2.800 4.500 5.500v6c0 4.500 3 7.800 7.500 9.800 4.500-2 7.500-5.300 7.500-9.800v-6z" />,
  down: <path d="m6 9 6 6 6-6" />,
  info: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 11v5.500M12 7.500v.1" />
    </>
  ),
  sound: <path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a7.800 7.800 0 0 1 0 11" />,
  silent: <path d="M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof kPaths;

export function Icon({ name, size = 24 }: { name: IconName; size?: number }): ReactNode {
  return (
    <svg className="tk-i" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {kPaths[name]}
    </svg>
  );
}

/** Severity is one language: octagon high, triangle caution, ring notice; a filled disc with a tick is all right. */
export function Severity({ level, size = 24 }: { level: 'high' | 'caution' | 'notice' | 'fine'; size?: number }): ReactNode {
  return (
    <svg className={'tk-sev tk-sev-' + level} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {level === 'high' && (
        <>
          <path className="f" d="M8 2.500h8L21.500 8v8L16 21.500H8L2.500 16V8z" />
          <path className="w" d="M12 7v6M12 16.500v.2" />
        </>
      )}
      {level === 'caution' && <path className="o" d="M12 3.500 22 20.500H2zM12 10v4.500M12 17.300v.2" />}
      {level === 'notice' && <circle className="o" cx="12" cy="12" r="8.500" />}
      {level === 'fine' && (
        <>
          <circle className="f" cx="12" cy="12" r="9.500" />
          <path className="w" d="m7.500 12.500 3.200 3.200 5.800-6.200" />
        </>
      )}
    </svg>
  );
}

export function Mark({ size = 24 }: { size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round">
      <path d="M2 17.500a10 10.500 0 0 1 20 0M7.500 17.500a4.500 5 0 0 1 9 0M2 21.200h20" />
    </svg>
  );
}
