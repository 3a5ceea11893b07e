/** A style sheet that a component brings along: vite puts it into a file and links it. */
declare module '*.css';
