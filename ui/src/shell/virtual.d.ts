declare module 'virtual:tk-pages/*' {
  export const pages: import('./door_root').PageEntry[];
}
