declare module 'virtual:tk-pages/*' {
  export const pages: import('./pages').PageEntry[];
}

declare module 'virtual:tk-parts/head-work' {
  export const parts: import('./pages').PartEntry<object>[];
}
declare module 'virtual:tk-parts/person' {
  export const parts: import('./pages').PartEntry<{ patients: string[] }>[];
}
declare module 'virtual:tk-parts/home-me' {
  export const parts: import('./pages').PartEntry<object>[];
}
declare module 'virtual:tk-parts/today' {
  export const parts: (Omit<import('./pages').PartEntry<object>, 'load'> & { load: () => Promise<{ default: import('../today/today').AskToday }> })[];
}
declare module 'virtual:tk-parts/code' {
  export const parts: import('./pages').PartEntry<{ patient: string }>[];
}
