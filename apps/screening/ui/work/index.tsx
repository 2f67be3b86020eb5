import type { ReactNode } from 'react';
export default function W(): ReactNode { return null; }
