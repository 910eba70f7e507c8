// SPDX-License-Identifier: Apache-2.0
// The script of the HTML report: src/ and its two libraries as one file, which guardctl has compiled in.
import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

// Their licences go wherever their code goes.
const packages = JSON.parse(readFileSync("package.json", "utf8")).dependencies;
const licences = Object.keys(packages)
  .map((name) => `${name} ${packages[name]}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8")}`)
  .join("\n")
  .replaceAll("*/", "");

// What stands in a page between <script> and </script>, and must pass a writer that knows ASCII alone.
function forPage() {
  return {
    name: "for-page",
    generateBundle(options, bundle) {
      for (const file of Object.values(bundle)) {
        file.code = `/*!\n${licences}*/\n${file.code}`.replace(/[^\x00-\x7e]/g, (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"));
        if (!file.code.endsWith("\n")) file.code += "\n";
        if (/<\/script|<!--/i.test(file.code)) throw new Error(`${file.fileName} would end the page's script element`);
      }
    },
  };
}

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    lib: { entry: "src/main.jsx", formats: ["iife"], name: "guardReport", fileName: () => "report.js" },
  },
  plugins: [forPage()],
});
