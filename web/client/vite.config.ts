import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: "../../dist/web/client",
    emptyOutDir: true,
    rolldownOptions: { input: ["index.html", "embed.html"].map((name) => `${import.meta.dirname}/${name}`) },
    // The page's Content-Security-Policy allows scripts and styles from files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // light-dark() would otherwise be rewritten for browsers from before May 2024.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    reportCompressedSize: true,
  },
});
