// The colour as a shape: a green circle with a tick, a yellow triangle, a red octagon. On the colour itself they are drawn white or ink.
import type { ReactNode } from 'react';
import type { Colour } from './mine';
import './shape.css';

export function Shape({ colour, size }: { colour: Colour; size: number }): ReactNode {
  return (
    <svg className={'hd-shape hd-' + colour} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {colour === 'green' && (
        <>
          <circle className="f" cx="12" cy="12" r="11" />
          <path className="w" d="m6.800 12.500 3.600 3.600 6.800-7.200" />
        </>
      )}
      {colour === 'yellow' && (
        <>
          <path className="f" d="M12 1.500 23.500 22.500H.5z" />
          <path className="w" d="M12 9v6.500M12 18.800v.2" />
        </>
      )}
      {colour === 'red' && (
        <>
          <path className="f" d="M7.500 1h9L23 7.500v9L16.500 23h-9L1 16.500v-9z" />
          <path className="w" d="M12 6v7.500M12 17.500v.2" />
        </>
      )}
    </svg>
  );
}
