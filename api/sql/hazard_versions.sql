-- The versions of the hazard %(id)s, oldest first, each with the step that made it.
SELECT known.recorded_at, known.recorded_to, step.action, step.role, step.token_id, NULL::text, NULL::bigint,
       known.state, known.organisation, known.due, known.severity, known.hazard_kind, known.description,
       known.rectified_at, known.verified_at, known.block_code
FROM (
    SELECT recorded_at, NULL::timestamptz AS recorded_to, state, organisation, due, severity, hazard_kind, description,
           rectified_at, verified_at, block_code
    FROM hazard WHERE id = %(id)s
    UNION ALL
    SELECT recorded_at, recorded_to, state, organisation, due, severity, hazard_kind, description,
           rectified_at, verified_at, block_code
    FROM hazard_history WHERE id = %(id)s
) AS known
LEFT JOIN hazard_action AS step ON step.hazard_id = %(id)s AND step.at = known.recorded_at
ORDER BY known.recorded_at
