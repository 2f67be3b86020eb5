// The door that a page stands behind, for parts that lead from one page to another.
import { createContext } from 'react';
import type { PageEntry } from './pages';

export const DoorContext = createContext<{ door: string; pages: PageEntry[] }>({ door: '', pages: [] });
