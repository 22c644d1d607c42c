// The provider's one page. Plain HTML without script, so that a scripted login is a form post.

const escape = (text) => String(text || '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export const signInPage = (uid, hint, message) => `<!doctype html>
<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>Sign in to the test directory</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:22rem;margin:15vh auto;padding:0 1rem}
label{display:block;margin:.8rem 0}input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.4rem}
button{font:inherit;padding:.4rem 1rem}small{color:#555}[role=alert]{color:#a00;min-height:1.5rem;margin:0}</style>
<h1>Test directory</h1>
<p role=alert>${escape(message)}</p>
<form method=post action="/login/${escape(uid)}">
<label>Name <input name=login value="${escape(hint)}" autocomplete=username autofocus></label>
<label>Password <input name=password type=password autocomplete=current-password></label>
<button name=go value=in>Sign in</button> <button name=go value=deny>Refuse</button>
</form>
<p><small>Stands for a company's identity provider. Try alice / alice-pw, bob / bob-pw (his address is not verified) or carol / carol-pw.</small></p>
</html>
`;
