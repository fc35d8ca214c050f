-- The forms of codes.
SELECT json_build_object('code_forms', coalesce(json_agg(json_build_object(
    'kind', kind, 'title', title, 'digits', digits, 'pattern', pattern, 'within', within,
    'within_digits', within_digits) ORDER BY digits, kind), '[]'))::text
FROM code_form
