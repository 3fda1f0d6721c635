/** The page's only style sheet. The page has no script, and its policy allows nothing but this text. */

export const STYLE = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --faint: #66707b; --line: #d6dbe1; --soft: #f4f6f8;
  --error: #b3261e; --warning: #8a5300; --note: #2a5db0; --good: #1a7f37; --address: #5a3ea6; --name: #0b6a75; }
@media (prefers-color-scheme: dark) { :root { --fg: #e3e7eb; --bg: #14181d; --faint: #939ca6; --line: #323a43;
  --soft: #1c2229; --error: #ff8a80; --warning: #f0b429; --note: #8ab4f8; --good: #6fdd8b; --address: #c3a6ff;
  --name: #6fd3de; } }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: var(--fg); background: var(--bg);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
pre, code, td.mono { font: 13px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .8rem 1rem; overflow-x: auto; border-radius: 6px; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .15rem 1.2rem .15rem 0; vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; }
article { border-left: 4px solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 1rem 0; }
article.error { border-color: var(--error); } article.warning { border-color: var(--warning); }
article.note { border-color: var(--note); }
article ul { margin: .3rem 0; padding-left: 1.2rem; }
summary { cursor: pointer; }
svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--fg); } svg .axis { fill: var(--faint); }
svg .lane { fill: var(--soft); } svg .break { fill: var(--bg); } svg .range { fill: var(--name); }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
.good { color: var(--good); } .faint { color: var(--faint); } .address { color: var(--address); }
.name { color: var(--name); } .node { font-weight: 600; } article.error, article.warning, article.note { color: inherit; }
`;

/** SHA-256 of STYLE in base64, as a Content-Security-Policy names it; a test holds the two together. */
export const STYLE_SHA256 = 'rIdLdtHqRKgAcxSrMiV1qZjg1yyNVG3i9DjWrlDmdmQ=';
