import { defineConfig } from 'vite';

// Three files with fixed names, which the server's build embeds: src/fleet/dashboard.
export default defineConfig({
  build: {
    outDir: '../../src/fleet/dashboard',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { output: { entryFileNames: 'app.js', assetFileNames: 'app.[ext]' } },
  },
});
